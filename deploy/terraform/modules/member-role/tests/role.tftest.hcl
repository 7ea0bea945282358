mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  daemon_role_arn = "arn:aws:iam::111122223333:role/repave-task"
  external_id     = "0a1b2c3d4e5f"
}

run "one_daemon_may_look" {
  assert {
    condition     = jsondecode(aws_iam_role.this[0].assume_role_policy).Statement[0].Principal == { AWS = "arn:aws:iam::111122223333:role/repave-task" }
    error_message = "The daemon's role alone is trusted."
  }
  assert {
    condition     = jsondecode(aws_iam_role.this[0].assume_role_policy).Statement[0].Condition.StringEquals["sts:ExternalId"] == "0a1b2c3d4e5f"
    error_message = "And it has to say the external id."
  }
  assert {
    condition     = keys(aws_iam_role_policy.this) == ["observe"]
    error_message = "In mode observe nothing can be changed."
  }
}

run "or_act" {
  variables { mode = "act" }

  assert {
    condition     = keys(aws_iam_role_policy.this) == ["act", "observe"]
    error_message = "In mode act both policies are there."
  }
}

run "or_launch_in_ec2" {
  variables {
    mode             = "act"
    launch_instances = true
  }

  assert {
    condition     = keys(aws_iam_role_policy.this) == ["act", "launch_instances", "observe"]
    error_message = "As was asked for."
  }
}

run "not_a_whole_account" {
  command = plan
  variables { daemon_role_arn = "arn:aws:iam::111122223333:root" }
  expect_failures = [var.daemon_role_arn]
}

run "not_without_a_secret_word" {
  command = plan
  variables { external_id = "x" }
  expect_failures = [var.external_id]
}
