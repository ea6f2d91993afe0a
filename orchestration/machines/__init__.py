"""The state machine as one template, build.asl.json, and its renderer: read by Terraform and by local mode alike."""
