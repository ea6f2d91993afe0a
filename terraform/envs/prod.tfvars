# What others rely on: a person approves each deployment, and data outlives a mistaken destroy.
environment        = "prod"
protect_data       = true
log_retention_days = 365

initial_settings = {
  approval_required     = true
  two_person_approval   = true
  deploy_after_training = true
}
