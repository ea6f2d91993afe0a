output "url" {
  description = "The API's address, without a path."
  value       = aws_apigatewayv2_api.this.api_endpoint
}

output "request_urls" {
  description = "The address of each route."
  value       = { for route in keys(var.routes) : route => "${aws_apigatewayv2_api.this.api_endpoint}${split(" ", route)[1]}" }
}
