# Region and credentials come from the caller's environment or profile: nothing here is bound to an account.
provider "aws" {
  default_tags {
    tags = merge(var.tags, {
      # The tag by which SageBuild knows its own endpoints and jobs, and by which costs are told apart.
      "sagebuild:environment" = var.environment
      "sagebuild:managed-by"  = "terraform"
    })
  }
}
