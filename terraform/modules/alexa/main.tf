# Who may call a function as an Alexa skill: the one skill, and nobody while its id is not known.

resource "aws_lambda_permission" "this" {
  for_each = var.skill_id == null ? {} : var.functions

  statement_id       = "alexa"
  action             = "lambda:InvokeFunction"
  function_name      = each.value.name
  qualifier          = each.value.alias_name
  principal          = "alexa-appkit.amazon.com"
  event_source_token = var.skill_id
}
