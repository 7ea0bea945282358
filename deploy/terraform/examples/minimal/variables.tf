variable "image" {
  description = "The image with its digest."
  type        = string
}

variable "cluster_arn" {
  description = "The ECS cluster to run in."
  type        = string
}

variable "vpc_id" {
  description = "The VPC of the subnets."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets in two zones."
  type        = list(string)
}
