using System.Text;

namespace Relaybox.Testing.Http;

/// <summary>What the scripted server answers. A negative status closes the connection without an answer.</summary>
public sealed record HttpAnswer(int Status, byte[] Body, params (string Name, string Value)[] Headers)
{
    public static readonly HttpAnswer HangUp = new(-1, []);

    public static HttpAnswer Json(int status, string json, params (string Name, string Value)[] headers) =>
        new(status, Encoding.UTF8.GetBytes(json), [("Content-Type", "application/json"), .. headers]);
}
