# What deploy/ecs is written from: the service as most have it, under an account that is nobody's.
mock_provider "aws" {
  source = "./tests/mocks"

  override_resource {
    target = aws_iam_role.task
    values = { arn = "arn:aws:iam::111122223333:role/repave-task" }
  }

  override_resource {
    target = aws_iam_role.execution
    values = { arn = "arn:aws:iam::111122223333:role/repave-execution" }
  }

  override_resource {
    target = aws_security_group.this
    values = { id = "sg-0a1b2c3d4e5f60718" }
  }

  override_resource {
    target = aws_ecs_task_definition.this
    values = { arn = "arn:aws:ecs:eu-west-1:111122223333:task-definition/repave:1" }
  }
}

variables {
  image       = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/repave:0.1.0@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  cluster_arn = "arn:aws:ecs:eu-west-1:111122223333:cluster/prod"
  vpc_id      = "vpc-0a1b2c3d4e5f60718"
  subnet_ids  = ["subnet-0a1b2c3d4e5f60718", "subnet-1a1b2c3d4e5f60718"]
  config      = "ssm:/repave/config"
  secrets     = { REPAVE_TOKEN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:repave-AbCdEf:token::" }
}

run "as_written_to_deploy_ecs" {
  assert {
    condition     = output.task_role_arn == "arn:aws:iam::111122223333:role/repave-task"
    error_message = "Everything in it has a name that a person can replace."
  }
}
