using System.Text;

namespace Relaybox.Testing.Http;

/// <summary>A request as it came over the wire.</summary>
public sealed record HttpExchange(string Method, string Path, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public string Text => Encoding.UTF8.GetString(Body);

    public string Header(string name) => Headers.GetValueOrDefault(name, "");
}
