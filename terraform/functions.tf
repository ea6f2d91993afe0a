# The functions and roles as tables: functions.json says what there is, permissions.json and roles.json what each may do.

locals {
  root_dir     = "${path.module}/.."
  packages_dir = coalesce(var.packages_dir, "${local.root_dir}/build")

  functions = jsondecode(file("${local.root_dir}/orchestration/functions/functions.json"))
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
  # Functions that Lambda itself calls again, and those that read the builds table's stream.
  event_functions  = toset([for event in local.events : event.function if event.type != "outbox"])
  stream_functions = toset([for event in local.events : event.function if event.type == "outbox"])
  topics           = toset(concat(["notices", "start"], [for event in local.events : event.topic if event.type == "topic"]))

  # Logical resource to actions, of each function: its own, and what comes with how it is called.
  function_permissions = {
    for name, row in local.functions : name => concat(
      [for resource, actions in local.permissions[name] : { resource = resource, actions = actions }],
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
        resources = resource == "own-log" ? [
          "${local.aws}:logs:${local.here}:log-group:/aws/lambda/${local.prefix}-${name}:*"
        ] : local.resources[resource]
        conditions = lookup(local.conditions, resource, [])
      } if try(length(local.resources[resource]) > 0, resource == "own-log")
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

  # The services through which each role uses the key.
  key_services = {
    for name, services in {
      function    = ["dynamodb", "s3", "sns", "sqs", "secretsmanager"]
      jobs        = ["s3", "ecr"]
      image-build = ["s3", "ecr"]
      schedules   = ["sns", "sqs"]
    } : name => [for service in services : "${service}.${local.region}.${local.dns_suffix}"]
  }
}
