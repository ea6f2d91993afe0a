# Module calls only: names.tf has the names, functions.tf the tables, variables.tf what can be chosen.

module "key" {
  source = "./modules/key"

  prefix               = local.prefix
  partition            = local.partition
  account              = local.account
  region               = local.region
  dns_suffix           = local.dns_suffix
  deletion_window_days = var.protect_data ? 30 : 7
}

module "tables" {
  source = "./modules/tables"

  prefix          = local.prefix
  tables          = { for name, table in local.tables : name => table if name != "attribute_types" }
  attribute_types = local.tables.attribute_types
  key_arn         = module.key.arn
  protect         = var.protect_data
}

module "data" {
  source = "./modules/data"

  name              = local.bucket
  key_arn           = module.key.arn
  protect           = var.protect_data
  incoming_days     = var.incoming_days
  noncurrent_days   = var.noncurrent_days
  access_log_bucket = var.access_log_bucket
}

module "settings" {
  source = "./modules/settings"

  parameter            = local.settings
  initial              = var.initial_settings
  secret_prefix        = "sagebuild/${var.environment}"
  secrets              = { for name in local.secrets : name => "What the ${name} functions of ${local.prefix} prove themselves with." }
  key_arn              = module.key.arn
  recovery_window_days = var.protect_data ? 30 : 0
}

module "registry" {
  source = "./modules/registry"

  prefix  = local.prefix
  images  = toset(keys(var.images))
  kept    = var.images_kept
  protect = var.protect_data
  key_arn = module.key.arn
}

module "notices" {
  source = "./modules/notices"

  prefix     = local.prefix
  arn_prefix = local.topics_arn_prefix
  account    = local.account
  topics = {
    for name in local.topics : name => {
      display_name = "SageBuild ${var.environment}"
      publishers   = name == "notices" ? ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"] : ["events.amazonaws.com"]
    }
  }
  emails  = var.notification_emails
  key_arn = module.key.arn
}

module "dead_letters" {
  source = "./modules/dead_letters"

  name    = "${local.prefix}-dead-letters"
  arn     = local.dead_letters_arn
  account = local.account
  key_arn = module.key.arn
}

module "function_role" {
  source   = "./modules/role"
  for_each = local.functions

  name                     = "${local.prefix}-${each.key}"
  description              = each.value.description
  service                  = "lambda.amazonaws.com"
  statements               = local.function_statements[each.key]
  key_arn                  = module.key.arn
  key_services             = local.key_services.function
  permissions_boundary_arn = var.permissions_boundary_arn
}

module "role" {
  source   = "./modules/role"
  for_each = { for name, role in local.roles : name => role if can(role.service) }

  name                     = "${local.prefix}-${each.key}"
  description              = "${each.value.description}."
  service                  = each.value.service
  source_account           = local.account
  statements               = local.role_statements[each.key]
  key_arn                  = module.key.arn
  key_services             = lookup(local.key_services, each.key, [])
  permissions_boundary_arn = var.permissions_boundary_arn
}

module "function" {
  source   = "./modules/function"
  for_each = local.functions

  key                = each.key
  name               = "${local.prefix}-${each.key}"
  description        = each.value.description
  handler            = each.value.handler
  runtime            = var.lambda_runtime
  architecture       = var.lambda_architecture
  timeout_s          = each.value.timeout_s
  memory_mb          = each.value.memory_mb
  concurrency        = try(each.value.concurrency, -1)
  environment        = { for name in each.value.environment : name => merge(local.variables, local.channel_variables)[name] }
  packages_dir       = local.packages_dir
  bucket             = module.data.name
  role_arn           = module.function_role[each.key].arn
  takes_events       = contains(local.event_functions, each.key)
  dead_letters_arn   = module.dead_letters.arn
  log_retention_days = var.log_retention_days
  key_arn            = module.key.arn
}

module "state_machine" {
  source = "./modules/state_machine"

  name               = local.machine
  template           = local.machine_template
  partition          = local.partition
  role_arn           = module.role["state-machine"].arn
  job_role_arn       = module.role["jobs"].arn
  function_arns      = { for name, function in module.function : name => function.alias_arn }
  log_retention_days = var.log_retention_days
  key_arn            = module.key.arn
}

module "triggers" {
  source = "./modules/triggers"

  prefix            = local.prefix
  environment       = var.environment
  account           = local.account
  events            = [for event in local.events : event if !contains(local.channel_events, event.type)]
  functions         = module.function
  state_machine_arn = local.state_machine_arn
  builds_stream_arn = module.tables.stream_arns["builds"]
  topic_arns        = module.notices.arns
  bucket            = module.data
  dead_letters_arn  = module.dead_letters.arn
}

module "chat_api" {
  source = "./modules/chat_api"
  count  = length(local.api_routes) > 0 ? 1 : 0

  name = "${local.prefix}-chat"
  routes = {
    for route, name in local.api_routes : route => {
      name       = module.function[name].name
      alias_name = module.function[name].alias_name
      invoke_arn = module.function[name].alias_invoke_arn
    }
  }
  log_retention_days = var.log_retention_days
  key_arn            = module.key.arn
}

module "queue" {
  source   = "./modules/queue"
  for_each = local.queues

  arn      = "${local.aws}:sqs:${local.here}:${local.prefix}-${each.key}.fifo"
  dead_arn = "${local.aws}:sqs:${local.here}:${local.prefix}-${each.key}-dead-letters.fifo"
  worker   = { alias_arn = module.function[each.value].alias_arn, timeout_s = local.functions[each.value].timeout_s }
  key_arn  = module.key.arn
}

module "alexa" {
  source = "./modules/alexa"
  count  = length(local.skill_functions) > 0 ? 1 : 0

  functions = { for name in local.skill_functions : name => module.function[name] }
  skill_id  = var.alexa_skill_id
}

module "image_build" {
  source = "./modules/image_build"

  prefix             = local.prefix
  region             = local.region
  images             = var.images
  repository_urls    = module.registry.urls
  image_source       = var.image_source
  bucket             = module.data.name
  base_image         = var.base_image
  role_arn           = module.role["image-build"].arn
  log_retention_days = var.log_retention_days
  key_arn            = module.key.arn
}

module "schedules" {
  source = "./modules/schedules"
  count  = length(var.schedules) > 0 ? 1 : 0

  prefix           = local.prefix
  schedules        = var.schedules
  start_topic_arn  = module.notices.arns["start"]
  role_arn         = module.role["schedules"].arn
  dead_letters_arn = module.dead_letters.arn
}

module "observability" {
  source = "./modules/observability"

  prefix             = local.prefix
  environment        = var.environment
  region             = local.region
  state_machine_arn  = local.state_machine_arn
  functions          = { for name, function in module.function : name => function.name }
  stream_functions   = { for name in local.stream_functions : name => module.function[name].name }
  dead_letters_names = merge({ events = module.dead_letters.name }, { for name, queue in module.queue : name => queue.dead_name })
  alarm_topic_arns   = concat([module.notices.arns["notices"]], tolist(var.alarm_topic_arns))
  notices_topic_arn  = module.notices.arns["notices"]
  monthly_budget_usd = var.monthly_budget_usd
}
