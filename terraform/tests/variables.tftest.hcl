# What a variable may be: every validation of the root refuses what it should.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-central-1" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
}

variables {
  environment = "dev"
}

run "each_variable_refuses_what_it_cannot_be" {
  command = plan

  variables {
    environment              = "dev-2"
    permissions_boundary_arn = "boundary"
    lambda_runtime           = "python3.9"
    lambda_architecture      = "mips"
    log_retention_days       = 10
    images                   = { "Two words" = { dockerfile = "x" } }
    images_kept              = 1
    image_source             = { type = "GITHUB", location = "git@example.com:x" }
    initial_settings         = "not an object"
    notification_emails      = ["nobody"]
    incoming_days            = 0
    noncurrent_days          = 0
    readable_bucket_arns     = ["bucket"]
    schedules                = { nightly = { expression = "every night", order = "[]" } }
    monthly_budget_usd       = -1
    alexa_skill_id           = "my skill"
    slack_team_id            = "our team"
    slack_channel_id         = "#general"
  }

  expect_failures = [
    var.environment,
    var.permissions_boundary_arn,
    var.lambda_runtime,
    var.lambda_architecture,
    var.log_retention_days,
    var.images,
    var.images_kept,
    var.image_source,
    var.initial_settings,
    var.notification_emails,
    var.incoming_days,
    var.noncurrent_days,
    var.readable_bucket_arns,
    var.schedules,
    var.monthly_budget_usd,
    var.alexa_skill_id,
    var.slack_team_id,
    var.slack_channel_id,
  ]
}

run "zips_of_another_processor_are_refused" {
  command = plan

  variables {
    lambda_architecture = "x86_64"
  }

  expect_failures = [output.function_arns]
}

run "everything_that_can_be_chosen" {
  command = plan

  variables {
    image_source         = { type = "CODECOMMIT", location = "https://git-codecommit.eu-central-1.amazonaws.com/v1/repos/sagebuild", branch = "main" }
    notification_emails  = ["a@example.com", "b@example.com"]
    access_log_bucket    = "logs-of-the-account"
    readable_bucket_arns = ["arn:aws:s3:::data-of-others"]
    monthly_budget_usd   = 100
    schedules = {
      nightly = { expression = "cron(0 3 * * ? *)", timezone = "Europe/Berlin", order = "{\"kind\": \"train\", \"model\": \"gp\"}" }
    }
  }

  assert {
    condition     = length(module.schedules) == 1
    error_message = "A schedule needs the schedules' module."
  }
}
