# A CodeBuild project an image: builds it from the source, pushes it under a tag of its own, and tells the digest.

locals {
  # Where there is no repository, `git archive` puts the source here (terraform/README.md).
  source_location = coalesce(var.image_source.location, "${var.bucket}/source/source.zip")
}

resource "aws_cloudwatch_log_group" "this" {
  for_each = var.images

  name              = "/aws/codebuild/${var.prefix}-${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.key_arn
}

resource "aws_codebuild_project" "this" {
  for_each = var.images

  name                   = "${var.prefix}-${each.key}"
  description            = "Builds the ${each.key} image of ${var.prefix}."
  service_role           = var.role_arn
  build_timeout          = 60
  queued_timeout         = 60
  concurrent_build_limit = 1
  encryption_key         = var.key_arn
  source_version         = var.image_source.branch == null ? null : "refs/heads/${var.image_source.branch}"

  source {
    type            = var.image_source.type
    location        = local.source_location
    git_clone_depth = var.image_source.type == "S3" ? null : 1
    buildspec = templatefile("${path.module}/buildspec.yml.tftpl", {
      registry   = split("/", var.repository_urls[each.key])[0]
      repository = var.repository_urls[each.key]
      dockerfile = each.value.dockerfile
      base_image = var.base_image
      region     = var.region
    })
  }

  artifacts {
    type = "NO_ARTIFACTS"
  }

  environment {
    type         = "LINUX_CONTAINER"
    compute_type = var.compute_type
    image        = "aws/codebuild/amazonlinux-x86_64-standard:5.0"
    # Docker's daemon needs it (https://docs.aws.amazon.com/codebuild/latest/userguide/sample-docker.html).
    privileged_mode = true
  }

  logs_config {
    cloudwatch_logs {
      group_name = aws_cloudwatch_log_group.this[each.key].name
    }
  }
}
