# Who may do what. The documents are read as they are given to AWS.
mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  image       = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/tools/repave:0.1.0@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  cluster_arn = "arn:aws:ecs:eu-west-1:111122223333:cluster/prod"
  vpc_id      = "vpc-0a1b2c3d"
  subnet_ids  = ["subnet-0a1b2c3d", "subnet-1a1b2c3d"]
  config      = "s3://configs/repave.yaml"
}

run "observing_changes_nothing" {
  assert {
    condition     = sort(keys(aws_iam_role_policy.task)) == tolist(["config", "journal", "observe"])
    error_message = "In mode observe the task has no policy by which it could act."
  }
  assert {
    condition = alltrue(flatten([
      for name, policy in aws_iam_role_policy.task : [
        for statement in jsondecode(policy.policy).Statement : [
          for action in flatten([statement.Action]) : can(regex("^[a-z0-9-]+:(Describe|Get|List|FilterLogEvents$|StartQuery$|StopQuery$|Query$|BatchGet|ConditionCheck)|^kms:Decrypt$", action))
        ]
      ] if name != "journal"
    ]))
    error_message = "A role that observes has no action that changes anything: a terminating call has no place in it."
  }
  assert {
    condition = alltrue(flatten([
      for statement in jsondecode(aws_iam_role_policy.task["journal"].policy).Statement : [for action in flatten([statement.Action]) : startswith(action, "dynamodb:")]
    ]))
    error_message = "The journal's policy is about the table."
  }
  assert {
    condition = alltrue(flatten([
      for statement in jsondecode(aws_iam_role_policy.task["journal"].policy).Statement : [for resource in flatten([statement.Resource]) : startswith(resource, "arn:aws:dynamodb:eu-west-1:111122223333:table/repave")]
    ]))
    error_message = "And about this table alone."
  }
}

run "nothing_reads_everything" {
  assert {
    condition     = jsondecode(aws_iam_role_policy.task["config"].policy).Statement[*].Resource == [["arn:aws:s3:::configs/repave.yaml"]]
    error_message = "Of the configuration the one object; statements about nothing are left out."
  }
  assert {
    condition = alltrue(flatten([
      for policy in concat(values(aws_iam_role_policy.task), aws_iam_role_policy.execution) : [
        for statement in jsondecode(policy.policy).Statement : [
          for action in flatten([statement.Action]) : !strcontains(action, "*") && statement.Effect == "Allow"
        ]
      ]
    ]))
    error_message = "No action is a pattern."
  }
}

run "acting_is_bounded_by_the_tag" {
  variables {
    mode             = "act"
    member_role_arns = ["arn:aws:iam::444455556666:role/repave-member"]
  }

  assert {
    condition     = sort(keys(aws_iam_role_policy.task)) == tolist(["act", "assume", "config", "journal", "observe"])
    error_message = "In mode act the task has the policy to act, beside observe."
  }
  assert {
    condition     = !strcontains(join("", values(aws_iam_role_policy.task)[*].policy), "ec2:CreateFleet")
    error_message = "Nobody may launch in EC2 who did not ask for it."
  }
  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.task["act"].policy).Statement :
      statement.Condition.StringEquals["aws:ResourceTag/repave"] == "managed"
      if length(setintersection(flatten([statement.Action]), ["autoscaling:TerminateInstanceInAutoScalingGroup", "autoscaling:SetDesiredCapacity"])) > 0
    ])
    error_message = "Only what bears the tag may be changed."
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.task["assume"].policy).Statement[0].Resource == ["arn:aws:iam::444455556666:role/repave-member"]
    error_message = "Only the roles that are named may be taken on."
  }
}

run "fleets_elsewhere_and_launched_in_their_zone" {
  command = plan
  variables {
    mode             = "act"
    launch_instances = true
    fleet_region     = "*"
    config           = null
    config_content   = "version: 1\nfleets: {web: {asg: {name: web, region: us-east-1, launch: launch_instances}, mode: act}}\n"
    kms_key_arns     = ["arn:aws:kms:eu-west-1:111122223333:key/0a1b"]
  }

  assert {
    condition     = sort(keys(aws_iam_role_policy.task)) == tolist(["act", "config", "journal", "launch_instances", "observe"])
    error_message = "To launch in EC2 is a policy of its own."
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.task["act"].policy).Statement[0].Resource == ["arn:aws:autoscaling:*:111122223333:autoScalingGroup:*:autoScalingGroupName/*"]
    error_message = "The fleets are in several regions."
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.task["config"].policy).Statement[1].Condition.StringLike["kms:ViaService"][0] == "s3.eu-west-1.amazonaws.com"
    error_message = "The daemon itself is in one."
  }
}

run "who_starts_it_is_somebody_else" {
  variables {
    kms_key_arns = ["arn:aws:kms:eu-west-1:111122223333:key/0a1b"]
    secrets = {
      REPAVE_TOKEN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:repave-AbCdEf:token::"
      OTHER        = "arn:aws:ssm:eu-west-1:111122223333:parameter/repave/other"
    }
  }

  assert {
    condition     = aws_ecs_task_definition.this[0].task_role_arn == aws_iam_role.task[0].arn && aws_ecs_task_definition.this[0].execution_role_arn == aws_iam_role.execution[0].arn && aws_iam_role.task[0].name != aws_iam_role.execution[0].name
    error_message = "Two roles."
  }
  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.execution[0].policy).Statement : statement.Sid => statement.Resource } == {
      WriteTheLog             = ["arn:aws:logs:eu-west-1:111122223333:log-group:/ecs/repave:*"]
      LogInToTheRegistry      = ["*"]
      PullTheImage            = ["arn:aws:ecr:eu-west-1:111122223333:repository/tools/repave"]
      HandOverSecrets         = ["arn:aws:secretsmanager:eu-west-1:111122223333:secret:repave-AbCdEf"]
      HandOverParameters      = ["arn:aws:ssm:eu-west-1:111122223333:parameter/repave/other"]
      DecryptWhatIsHandedOver = ["arn:aws:kms:eu-west-1:111122223333:key/0a1b"]
    }
    error_message = "To start it takes this image, this log and these secrets."
  }
  assert {
    condition     = { for one in output.container_definition.secrets : one.name => one.valueFrom }["REPAVE_TOKEN"] == "arn:aws:secretsmanager:eu-west-1:111122223333:secret:repave-AbCdEf:token::"
    error_message = "Secrets are handed over by reference."
  }
  assert {
    condition     = jsondecode(aws_iam_role.task[0].assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "111122223333"
    error_message = "Only ECS, for this account, may take the roles on."
  }
}

run "keys_of_your_own" {
  variables {
    image                = "111122223333.dkr-ecr.eu-west-1.on.aws/repave:0.1.0@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    table_kms_key_arn    = "arn:aws:kms:eu-west-1:111122223333:key/0a1b"
    permissions_boundary = "arn:aws:iam::111122223333:policy/boundary"
    iam_path             = "/platform/"
  }

  assert {
    condition     = aws_dynamodb_table.this[0].server_side_encryption[0].kms_key_arn == "arn:aws:kms:eu-west-1:111122223333:key/0a1b" && jsondecode(aws_iam_role_policy.table_key[0].policy).Statement[0].Resource == ["arn:aws:kms:eu-west-1:111122223333:key/0a1b"]
    error_message = "The table's key is used, and the daemon may use it."
  }
  assert {
    condition     = { for statement in jsondecode(aws_iam_role_policy.execution[0].policy).Statement : statement.Sid => statement.Resource }["PullTheImage"] == ["arn:aws:ecr:eu-west-1:111122223333:repository/repave"]
    error_message = "ECR is ECR at its other addresses, too."
  }
  assert {
    condition     = alltrue([for role in [aws_iam_role.task[0], aws_iam_role.execution[0]] : role.permissions_boundary == "arn:aws:iam::111122223333:policy/boundary" && role.path == "/platform/"])
    error_message = "Both roles are bounded."
  }
}
