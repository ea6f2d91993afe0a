output "state_machine_arn" {
  description = "The state machine that carries out builds."
  value       = module.state_machine.arn
}

output "topic_arns" {
  description = "The topics: notices tells what became of builds, start orders them."
  value       = module.notices.arns
}

output "function_arns" {
  description = "The functions' aliases, by their name in functions.json."
  value       = { for name, function in module.function : name => function.alias_arn }

  precondition {
    condition     = local.staged_for.runtime == var.lambda_runtime && local.staged_for.architecture == var.lambda_architecture
    error_message = "The zips were staged for ${local.staged_for.runtime} on ${local.staged_for.architecture}. Run `make package RUNTIME=${var.lambda_runtime} ARCHITECTURE=${var.lambda_architecture}`."
  }
}

output "repository_urls" {
  description = "Where the container images are pushed to, by image."
  value       = module.registry.urls
}

output "image_projects" {
  description = "The CodeBuild projects that build them, by image."
  value       = module.image_build.projects
}

output "data_bucket" {
  description = "The bucket of datasets and of what builds leave; files under incoming/<dataset>/ start builds."
  value       = module.data.name
}

output "table_arns" {
  description = "The tables, by logical name."
  value       = module.tables.arns
}

output "settings_parameter" {
  description = "The settings document in Parameter Store."
  value       = module.settings.parameter
}

output "dead_letters_url" {
  description = "The queue of what was given up."
  value       = module.dead_letters.url
}

output "job_role_arn" {
  description = "The role of SageMaker's jobs and endpoints."
  value       = module.role["jobs"].arn
}

output "environment_variables" {
  description = "What the functions are told of where things are: `sagebuild --aws` on a terminal takes the same."
  value       = local.variables
}

output "console_links" {
  description = "Where to look in the console."
  value = {
    builds    = "https://${local.region}.console.aws.amazon.com/states/home?region=${local.region}#/statemachines/view/${module.state_machine.arn}"
    dashboard = "https://${local.region}.console.aws.amazon.com/cloudwatch/home?region=${local.region}#dashboards/dashboard/${module.observability.dashboard}"
    settings  = "https://${local.region}.console.aws.amazon.com/systems-manager/parameters${module.settings.parameter}/description?region=${local.region}"
  }
}

output "slack_request_urls" {
  description = "What to put into Slack's manifest, by route; null while no function has one."
  value       = one(module.chat_api[*].request_urls)
}

output "alexa_function_arns" {
  description = "What to put into the skill as its endpoint, by function; empty while there is none."
  value       = { for name in local.skill_functions : name => module.function[name].alias_arn }
}
