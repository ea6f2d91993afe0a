# Every name and ARN, made from the environment's name. ARNs are written out rather than taken from resources, so that
# what each role may do can be read in a plan before anything is there, and so that no two things need each other.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  account    = data.aws_caller_identity.this.account_id
  partition  = data.aws_partition.this.partition
  dns_suffix = data.aws_partition.this.dns_suffix
  region     = data.aws_region.this.name # provider 6 calls it .region

  prefix = "sagebuild-${var.environment}"
  aws    = "arn:${local.partition}"
  here   = "${local.region}:${local.account}"
  bucket = "${local.prefix}-${local.account}-${local.region}"

  machine           = "${local.prefix}-build"
  settings          = "/sagebuild/${var.environment}/settings"
  state_machine_arn = "${local.aws}:states:${local.here}:stateMachine:${local.machine}"
  dead_letters_arn  = "${local.aws}:sqs:${local.here}:${local.prefix}-dead-letters"
  topics_arn_prefix = "${local.aws}:sns:${local.here}:${local.prefix}"
  job_role_arn      = "${local.aws}:iam::${local.account}:role/${local.prefix}-jobs"
  # How .sync integrations learn that a job has ended:
  # https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html
  sync_rules_arns = [
    for rule in [
      "StepFunctionsGetEventsForSageMakerTrainingJobsRule",
      "StepFunctionsGetEventsForSageMakerTuningJobsRule",
      "StepFunctionsGetEventsForSageMakerProcessingJobsRule",
      "StepFunctionsGetEventForCodeBuildStartBuildRule",
    ] : "${local.aws}:events:${local.here}:rule/${rule}"
  ]
  # Where the functions find the image of a model whose settings name none; the settings name a digest.
  image_prefix = "${local.account}.dkr.ecr.${local.region}.${local.dns_suffix}/${local.prefix}-"

  # Every variable that functions.json may list, by the name that orchestration.settings.variable_of gives.
  variables = {
    SAGEBUILD_ENVIRONMENT        = var.environment
    SAGEBUILD_BUILDS_TABLE       = "${local.prefix}-builds"
    SAGEBUILD_STATE_TABLE        = "${local.prefix}-state"
    SAGEBUILD_DATA_BUCKET        = local.bucket
    SAGEBUILD_STATE_MACHINE_ARN  = local.state_machine_arn
    SAGEBUILD_NOTICES_TOPIC_ARN  = "${local.topics_arn_prefix}-notices"
    SAGEBUILD_SETTINGS_PARAMETER = local.settings
    SAGEBUILD_IMAGE_PREFIX       = local.image_prefix
    SAGEBUILD_SLACK_TEAM         = var.slack_team_id
    SAGEBUILD_SLACK_CHANNEL      = var.slack_channel_id
  }

  # What permissions.json and roles.json name, as ARNs. Names of jobs, models and endpoints begin with the environment's.
  resources = {
    "builds-table"     = ["${local.aws}:dynamodb:${local.here}:table/${local.prefix}-builds"]
    "builds-indexes"   = ["${local.aws}:dynamodb:${local.here}:table/${local.prefix}-builds/index/*"]
    "builds-stream"    = ["${local.aws}:dynamodb:${local.here}:table/${local.prefix}-builds/stream/*"]
    "state-table"      = ["${local.aws}:dynamodb:${local.here}:table/${local.prefix}-state"]
    "datasets"         = ["${local.aws}:s3:::${local.bucket}/datasets/*"]
    "incoming"         = ["${local.aws}:s3:::${local.bucket}/incoming/*"]
    "build-files"      = ["${local.aws}:s3:::${local.bucket}/builds/*"]
    "source"           = ["${local.aws}:s3:::${local.bucket}/source/*"]
    "bucket"           = ["${local.aws}:s3:::${local.bucket}"]
    "bucket-lists"     = ["${local.aws}:s3:::${local.bucket}"]
    "foreign-files"    = [for arn in var.readable_bucket_arns : "${arn}/*"]
    "settings"         = ["${local.aws}:ssm:${local.here}:parameter${local.settings}"]
    "notices-topic"    = ["${local.topics_arn_prefix}-notices"]
    "start-topic"      = ["${local.topics_arn_prefix}-start"]
    "dead-letters"     = [local.dead_letters_arn]
    "state-machine"    = [local.state_machine_arn]
    "executions"       = ["${local.aws}:states:${local.here}:execution:${local.machine}:*"]
    "functions"        = [for name in local.called_functions : "${local.aws}:lambda:${local.here}:function:${local.prefix}-${name}:live"]
    "training-jobs"    = ["${local.aws}:sagemaker:${local.here}:training-job/${var.environment}-b*"]
    "tuning-jobs"      = ["${local.aws}:sagemaker:${local.here}:hyper-parameter-tuning-job/${var.environment}-b*"]
    "processing-jobs"  = ["${local.aws}:sagemaker:${local.here}:processing-job/${var.environment}-b*"]
    "models"           = ["${local.aws}:sagemaker:${local.here}:model/${var.environment}-b*"]
    "endpoint-configs" = ["${local.aws}:sagemaker:${local.here}:endpoint-config/${var.environment}-b*"]
    "endpoints"        = ["${local.aws}:sagemaker:${local.here}:endpoint/${var.environment}-*"]
    "package-groups"   = ["${local.aws}:sagemaker:${local.here}:model-package-group/${var.environment}-*"]
    "packages"         = ["${local.aws}:sagemaker:${local.here}:model-package/${var.environment}-*"]
    "scaling-targets"  = ["${local.aws}:application-autoscaling:${local.here}:scalable-target/*"]
    "scaling-alarms"   = ["${local.aws}:cloudwatch:${local.here}:alarm:TargetTracking-endpoint/${var.environment}-*"]
    "scaling-role"     = ["${local.aws}:iam::${local.account}:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/*"]
    "job-role"         = [local.job_role_arn]
    "job-logs"         = ["${local.aws}:logs:${local.here}:log-group:/aws/sagemaker/*"]
    "job-metrics"      = ["*"]
    "build-logs"       = ["${local.aws}:logs:${local.here}:log-group:/aws/codebuild/${local.prefix}-*"]
    "image-builds"     = ["${local.aws}:codebuild:${local.here}:project/${local.prefix}-*"]
    "own-images"       = ["${local.aws}:ecr:${local.here}:repository/${local.prefix}-*"]
    "images"           = concat(["${local.aws}:ecr:${local.here}:repository/${local.prefix}-*"], tolist(var.readable_repository_arns))
    "repository"       = var.image_source.type == "CODECOMMIT" ? ["${local.aws}:codecommit:${local.here}:${reverse(split("/", var.image_source.location))[0]}"] : []
    "sync-rules"       = local.sync_rules_arns
    # AWS has no resource level for these; unscoped.json gives the reason of each.
    "unscoped" = ["*"]
  }

  # Where a name does not say enough.
  conditions = {
    "job-role"        = [{ test = "StringEquals", variable = "iam:PassedToService", values = ["sagemaker.amazonaws.com"] }]
    "scaling-role"    = [{ test = "StringEquals", variable = "iam:AWSServiceName", values = ["sagemaker.application-autoscaling.amazonaws.com"] }]
    "scaling-targets" = [{ test = "StringEquals", variable = "application-autoscaling:service-namespace", values = ["sagemaker"] }]
    "job-metrics"     = [{ test = "StringLike", variable = "cloudwatch:namespace", values = ["/aws/sagemaker/*", "aws/sagemaker/*"] }]
    "bucket-lists"    = [{ test = "StringLike", variable = "s3:prefix", values = ["datasets/*", "builds/*"] }]
  }
}
