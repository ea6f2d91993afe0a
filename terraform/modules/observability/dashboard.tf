resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.prefix
  dashboard_body = jsonencode({
    widgets = [
      for index, widget in [
        {
          title = "Builds"
          metrics = [
            for metric in ["ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsAborted", "ExecutionsTimedOut"] :
            ["AWS/States", metric, "StateMachineArn", var.state_machine_arn]
          ]
        },
        {
          title   = "Errors of functions"
          metrics = [for key, name in var.functions : ["AWS/Lambda", "Errors", "FunctionName", name]]
        },
        {
          title   = "Calls of functions"
          metrics = [for key, name in var.functions : ["AWS/Lambda", "Invocations", "FunctionName", name]]
        },
        {
          title   = "Dead letters"
          metrics = [for name in values(var.dead_letters_names) : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", name]]
        },
        {
          title = "Predictions"
          metrics = [[{
            expression = "SEARCH('{AWS/SageMaker,EndpointName,VariantName} MetricName=\"Invocations\" EndpointName=\"${var.environment}-\"', 'Sum', 300)"
          }]]
        },
        ] : {
        type   = "metric"
        x      = index % 2 * 12
        y      = floor(index / 2) * 6
        width  = 12
        height = 6
        properties = {
          title   = widget.title
          region  = var.region
          stat    = "Sum"
          period  = 300
          metrics = widget.metrics
        }
      }
    ]
  })
}
