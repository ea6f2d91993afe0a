# The functions and roles as tables: functions.json says what there is, permissions.json and roles.json what each may do.

locals {
  root_dir     = "${path.module}/.."
  packages_dir = coalesce(var.packages_dir, "${local.root_dir}/build")

  # The channels' functions may have a table of their own, with the same columns.
  functions = merge([
    for path in ["${local.root_dir}/orchestration/functions/functions.json", "${local.root_dir}/bot/functions.json"] :
    jsondecode(file(path)) if fileexists(path)
  ]...)

  # Without a manifest there are no zips either, and the functions' own condition says what to do.
  staged_for = try(jsondecode(file("${local.packages_dir}/manifest.json")), { runtime = "nothing", architecture = "no processor" })

  tables      = jsondecode(file("${local.root_dir}/orchestration/tables.json"))
  permissions = jsondecode(file("${path.module}/permissions.json")).functions
  roles       = jsondecode(file("${path.module}/roles.json"))

  # The functions that the state machine calls.
  machine_template = "${local.root_dir}/orchestration/machines/build.asl.json"
  called_functions = distinct([
    for name in flatten(regexall("\\$\\{([a-z_]+)_function\\}", file(local.machine_template))) : replace(name, "_", "-")
  ])

  events = flatten([for name, row in local.functions : [for event in try(row.events, []) : merge(event, { function = name })]])
  # What the modules beside triggers take: routes of the API, queues, the skill. Who is called so waits for the answer,
  # or tries again by itself.
  api_routes      = { for event in local.events : event.route => event.function if event.type == "http" }
  queues          = { for event in local.events : event.queue => event.function if event.type == "queue" }
  skill_functions = toset([for event in local.events : event.function if event.type == "alexa"])
  channel_events  = ["alexa", "http", "queue"]

  # Functions that Lambda itself calls again, and those that read the builds table's stream.
  event_functions  = toset([for event in local.events : event.function if !contains(concat(["outbox"], local.channel_events), event.type)])
  stream_functions = toset([for event in local.events : event.function if event.type == "outbox"])
  topics           = toset(concat(["notices", "start"], [for event in local.events : event.topic if event.type == "topic"]))

  # Logical resource to actions, of each function: its own, and what comes with how it is called.
  function_permissions = {
    for name, row in local.functions : name => concat(
      [for resource, actions in try(local.permissions[name], {}) : { resource = resource, actions = actions }],
      [for queue in try(row.sends, []) : { resource = "queue-${queue}", actions = local.roles["queue-senders"].iam["own-queue"] }],
      [for queue, worker in local.queues : { resource = "queue-${queue}", actions = local.roles["queue-workers"].iam["own-queue"] } if worker == name],
      [for secret in try(row.secrets, []) : { resource = "secret-${secret}", actions = local.roles["secret-readers"].iam["own-secret"] }],
      [for resource, actions in local.roles["every-function"].iam : { resource = resource, actions = actions }],
      [for resource, actions in local.roles["event-functions"].iam : { resource = resource, actions = actions }
      if contains(local.event_functions, name) || contains(local.stream_functions, name)],
      [for resource, actions in local.roles["stream-functions"].iam : { resource = resource, actions = actions }
      if contains(local.stream_functions, name)],
    )
  }

  function_statements = {
    for name, permissions in local.function_permissions : name => [
      for resource in distinct([for one in permissions : one.resource]) : {
        sid     = replace(title(replace(resource, "-", " ")), " ", "")
        actions = distinct(flatten([for one in permissions : one.actions if one.resource == resource]))
        resources = merge(local.resources, local.channel_resources, {
          own-log = ["${local.aws}:logs:${local.here}:log-group:/aws/lambda/${local.prefix}-${name}:*"]
        })[resource]
        conditions = lookup(local.conditions, resource, [])
      } if try(length(local.resources[resource]) > 0, true)
    ]
  }

  role_statements = {
    for name, role in local.roles : name => [
      for resource, actions in role.iam : {
        sid        = replace(title(replace(resource, "-", " ")), " ", "")
        actions    = actions
        resources  = local.resources[resource]
        conditions = lookup(local.conditions, resource, [])
      } if length(local.resources[resource]) > 0
    ] if can(role.service)
  }

  # Secrets are named by the functions that read them; Secrets Manager adds six characters to a name.
  secrets = toset(flatten([for row in values(local.functions) : try(row.secrets, [])]))
  channel_resources = merge(
    { for queue in keys(local.queues) : "queue-${queue}" => ["${local.aws}:sqs:${local.here}:${local.prefix}-${queue}.fifo"] },
    { for secret in local.secrets : "secret-${secret}" => ["${local.aws}:secretsmanager:${local.here}:secret:sagebuild/${var.environment}/${secret}-??????"] },
  )
  channel_variables = merge(
    { for queue in keys(local.queues) : "SAGEBUILD_${upper(queue)}_QUEUE_URL" => "https://sqs.${local.region}.${local.dns_suffix}/${local.account}/${local.prefix}-${queue}.fifo" },
    { for secret, arn in module.settings.secret_arns : "SAGEBUILD_${upper(secret)}_SECRET_ARN" => arn },
  )

  # The services through which each role uses the key.
  key_services = {
    for name, services in {
      function    = ["dynamodb", "s3", "sns", "sqs", "secretsmanager"]
      jobs        = ["s3"]
      image-build = ["s3"]
      schedules   = ["sns", "sqs"]
    } : name => [for service in services : "${service}.${local.region}.${local.dns_suffix}"]
  }
}
