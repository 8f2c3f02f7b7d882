namespace NATS.Client.JetStream.Models;

public record PubAckResponse
{
    public ApiError? Error { get; set; }

    public string? Stream { get; set; }

    public ulong Seq { get; set; }

    public bool Duplicate { get; set; }
}
