locals {
  container_name = "repave"
  port           = 8080

  container = {
    name      = local.container_name
    image     = var.image
    essential = true
    command   = ["run"]

    # Nobody, and nothing to gain: no user of the system, no capability, no file of its own that it could change.
    user                   = "65532:65532"
    privileged             = false
    readonlyRootFilesystem = !var.enable_execute_command
    linuxParameters = {
      capabilities = { drop = ["ALL"] }
      # The daemon starts no process and hears SIGTERM as process 1; only a shell of ECS Exec leaves processes to reap.
      initProcessEnabled = var.enable_execute_command
    }
    # What Fargate gives by itself, said: a limit above it cannot be had without the capability to raise one.
    ulimits = [{ name = "nofile", softLimit = 65535, hardLimit = 65535 }]

    # The first SIGTERM has it finish the call under way and give its leases up, within 20 seconds; the rest is margin.
    stopTimeout = var.stop_timeout_seconds

    healthCheck = {
      command     = ["CMD", "repave", "health"]
      interval    = 30
      timeout     = 5
      retries     = 3
      startPeriod = 60
    }

    portMappings = [{ name = "http", containerPort = local.port, hostPort = local.port, protocol = "tcp" }]
    mountPoints  = []
    volumesFrom  = []

    environment = [
      for name, value in merge(var.environment, {
        AWS_REGION       = local.region
        REPAVE_CONFIG    = local.config
        REPAVE_LOG_LEVEL = var.log_level
      }) : { name = name, value = value }
    ]
    secrets = [for name, arn in var.secrets : { name = name, valueFrom = arn }]

    # Lines that CloudWatch does not take in time are dropped: a daemon that waits for its log looks at nothing.
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = local.log_group_name
        awslogs-region        = local.region
        awslogs-stream-prefix = "daemon"
        mode                  = "non-blocking"
        max-buffer-size       = "4m"
      }
    }
  }
}
