// The variables that orchestrators put into every container.
#pragma once

#include <string_view>

namespace segmentflow::app {

// Whether a variable is not a setting but tells of a service: Kubernetes sets such variables for
// each service of a namespace (kubernetes.io, "Accessing the Service", environment variables),
// Docker for each link of a container. `name` is what follows SEGMENTFLOW_, because the service is
// called "segmentflow" or begins so ("segmentflow-db"):
//
//   SERVICE_HOST, SERVICE_PORT, SERVICE_PORT_HTTP
//   PORT=tcp://10.0.0.1:3001, PORT_3001_TCP, PORT_3001_TCP_ADDR (_PORT, _PROTO, _START, _END)
//   NAME=/app/segmentflow, ENV_ANYTHING (Docker)
bool is_cluster_variable(std::string_view name, std::string_view value);

}  // namespace segmentflow::app
