using NATS.Client.JetStream.Models;

namespace NATS.Client.JetStream;

public class NatsJSApiException(ApiError error) : NatsJSException(error.Description ?? "")
{
    public ApiError Error { get; } = error;
}
