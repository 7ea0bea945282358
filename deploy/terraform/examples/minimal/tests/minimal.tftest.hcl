# The least that runs can look, and nothing more.
mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  image       = "ghcr.io/example/repave:0.1.0@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  cluster_arn = "arn:aws:ecs:eu-west-1:111122223333:cluster/prod"
  vpc_id      = "vpc-0a1b2c3d"
  subnet_ids  = ["subnet-0a1b2c3d", "subnet-1a1b2c3d"]
}

run "it_observes" {
  assert {
    condition     = yamldecode(file("repave.yaml")).state == module.repave.state_url
    error_message = "The configuration names the table that the module makes."
  }
  assert {
    condition     = module.repave.config == "ssm:/repave/config"
    error_message = "And the daemon finds it."
  }
  assert {
    condition     = sort(keys(module.repave.alarm_arns)) == tolist(["not_looking", "stopped", "too_few_tasks"])
    error_message = "Somebody notices when it does not look."
  }
}
