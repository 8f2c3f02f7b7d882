using System.Text.Json;
using System.Text.Json.Serialization;

namespace NATS.Client.Core.Internal;

/// <summary>What a server says of itself in INFO.</summary>
internal sealed record ServerInfo : INatsServerInfo
{
    internal const int DefaultMaxPayload = 1024 * 1024;

    // The most that a server can be configured for.
    private const int LargestMaxPayload = 64 * 1024 * 1024;

    [JsonPropertyName("server_id")]
    public string Id { get; init; } = "";

    [JsonPropertyName("server_name")]
    public string Name { get; init; } = "";

    [JsonPropertyName("version")]
    public string Version { get; init; } = "";

    [JsonPropertyName("headers")]
    public bool HeadersSupported { get; init; }

    [JsonPropertyName("auth_required")]
    public bool AuthRequired { get; init; }

    [JsonPropertyName("tls_required")]
    public bool TlsRequired { get; init; }

    [JsonPropertyName("tls_available")]
    public bool TlsAvailable { get; init; }

    [JsonPropertyName("max_payload")]
    public long AnnouncedMaxPayload { get; init; }

    [JsonPropertyName("jetstream")]
    public bool JetStreamAvailable { get; init; }

    [JsonPropertyName("nonce")]
    public string? Nonce { get; init; }

    [JsonPropertyName("ldm")]
    public bool LameDuckMode { get; init; }

    [JsonIgnore]
    public int MaxPayload => AnnouncedMaxPayload <= 0 ? DefaultMaxPayload : (int)Math.Min(AnnouncedMaxPayload, LargestMaxPayload);

    /// <exception cref="ProtocolException">It is not the JSON of an INFO.</exception>
    internal static ServerInfo Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, CoreJson.Default.ServerInfo) ?? throw new ProtocolException("The server's INFO is null.");
        }
        catch (JsonException e)
        {
            throw new ProtocolException($"The server's INFO cannot be read ({e.GetType().Name}).");
        }
    }
}
