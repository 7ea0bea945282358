# The least that runs: a daemon that looks at one fleet and changes nothing.

provider "aws" {
  region = "eu-west-1"
}

module "repave" {
  source = "../.."

  image          = var.image
  cluster_arn    = var.cluster_arn
  vpc_id         = var.vpc_id
  subnet_ids     = var.subnet_ids
  config_content = file("${path.module}/repave.yaml")
}

output "task_role_arn" {
  description = "Who the daemon is."
  value       = module.repave.task_role_arn
}
