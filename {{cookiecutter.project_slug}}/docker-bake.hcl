# docker buildx bake                 build both images into the local Docker
# PUSH=true docker buildx bake       build and push them, with the cache that others build from

variable "IMAGE" {
  default = "{{ cookiecutter.__image }}"
}

# Suffix of the tags: "" for the images that others use, "-NAME" for a trial.
variable "SUFFIX" {
  default = ""
}

variable "PUSH" {
  default = false
}

# A rattler configuration with mirrors or credentials of conda channels; see the Dockerfile.
variable "RATTLER_CONFIG" {
  default = ""
}

group "default" {
  targets = ["dev", "runtime"]
}

target "project" {
  name       = image
  matrix     = { image = ["dev", "runtime"] }
  context    = "."
  dockerfile = ".devcontainer/Dockerfile"
  target     = image
  tags       = ["${IMAGE}:${image}${SUFFIX}"]
  cache-from = ["type=registry,ref=${IMAGE}:${image}"]
  cache-to   = ["type=inline"]
  output     = [PUSH ? "type=image,push=true,compression=zstd,oci-mediatypes=true" : "type=docker"]
  secret     = RATTLER_CONFIG == "" ? [] : ["id=rattler,src=${RATTLER_CONFIG}"]
}
