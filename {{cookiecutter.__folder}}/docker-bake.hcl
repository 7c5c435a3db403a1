# docker buildx bake        builds the images dev and runtime into the local Docker
# docker buildx bake app    runtime with the project's code, for machines that have no checkout

variable "IMAGE" {
  default = "{{ cookiecutter.__image }}"
}

# Of the pushed bases, comma-separated. Other platforms than this machine's need emulation for
# "apt-get" in the base of dev, and for nothing else.
variable "PLATFORMS" {
  default = "linux/amd64"
}

# Suffix of the tags of the pushed bases; see .devcontainer/images.sh.
variable "SUFFIX" {
  default = ""
}

# A rattler configuration with mirrors or credentials of conda channels; see the Dockerfile.
variable "RATTLER_CONFIG" {
  default = ""
}

group "default" {
  targets = ["dev", "runtime"]
}

target "_project" {
  context    = "."
  dockerfile = ".devcontainer/Dockerfile"
}

target "local" {
  name       = image
  inherits   = ["_project"]
  matrix     = { image = ["dev", "runtime", "app"] }
  target     = image
  tags       = ["${IMAGE}:${image}"]
  cache-from = ["type=registry,ref=${IMAGE}:dev"]
  output     = ["type=docker,compression=uncompressed"]
  secret     = RATTLER_CONFIG == "" ? [] : ["id=rattler,src=${RATTLER_CONFIG}"]
}

target "pushed" {
  name       = "${image}-base"
  inherits   = ["_project"]
  matrix     = { image = ["dev", "runtime"] }
  target     = "${image}-base"
  tags       = ["${IMAGE}:${image}-base${SUFFIX}"]
  platforms  = split(",", PLATFORMS)
  cache-from = ["type=registry,ref=${IMAGE}:${image}"]
  cache-to   = ["type=inline"]
  attest     = ["type=provenance,disabled=true"]
  output     = ["type=image,push=true,compression=zstd,oci-mediatypes=true"]
}
