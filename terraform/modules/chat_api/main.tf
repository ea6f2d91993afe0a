# The HTTP API that Slack calls: routes to functions, few requests at a time, a log of each.

resource "aws_cloudwatch_log_group" "this" {
  # As the state machine's: such groups do not fill the account's resource policy for log delivery.
  name              = "/aws/vendedlogs/apis/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.key_arn
}

resource "aws_apigatewayv2_api" "this" {
  name          = var.name
  description   = "What Slack calls."
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_stage" "this" {
  api_id      = aws_apigatewayv2_api.this.id
  name        = "$default"
  auto_deploy = true

  default_route_settings {
    throttling_burst_limit = var.burst_limit
    throttling_rate_limit  = var.rate_limit
  }

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.this.arn
    # Neither bodies nor signatures: they are what people say, and what proves that Slack said it.
    format = jsonencode({
      at       = "$context.requestTime"
      request  = "$context.requestId"
      route    = "$context.routeKey"
      status   = "$context.status"
      took_ms  = "$context.responseLatency"
      error    = "$context.error.message"
      function = "$context.integrationErrorMessage"
    })
  }
}

resource "aws_apigatewayv2_integration" "this" {
  for_each = var.routes

  api_id                 = aws_apigatewayv2_api.this.id
  integration_type       = "AWS_PROXY"
  integration_uri        = each.value.invoke_arn
  payload_format_version = "2.0"
  timeout_milliseconds   = 5000 # Slack waits for three seconds
}

# Without an authorizer: the function itself verifies Slack's signature over the body, which no authorizer sees.
resource "aws_apigatewayv2_route" "this" {
  for_each = var.routes

  api_id             = aws_apigatewayv2_api.this.id
  route_key          = each.key
  authorization_type = "NONE"
  target             = "integrations/${aws_apigatewayv2_integration.this[each.key].id}"
}

resource "aws_lambda_permission" "this" {
  for_each = var.routes

  statement_id  = "api-${replace(replace(each.key, "/", "-"), " ", "")}"
  action        = "lambda:InvokeFunction"
  function_name = each.value.name
  qualifier     = each.value.alias_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.this.execution_arn}/*/${replace(each.key, " ", "")}"
}
