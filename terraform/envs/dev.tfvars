# For trying things out: everything can be destroyed again.
environment        = "dev"
protect_data       = false
log_retention_days = 14

initial_settings = {
  deploy_after_training = true
}
