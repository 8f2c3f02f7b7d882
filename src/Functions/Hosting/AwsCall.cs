namespace Relaybox.Functions.Hosting;

/// <summary>A call of a service of AWS.</summary>
/// <param name="Service">The service's name in signatures, such as <c>secretsmanager</c>.</param>
/// <param name="Region">The region of the signature.</param>
/// <param name="Url">
/// Where it goes. Path and values of the query hold letters, digits, <c>-</c>, <c>_</c>, <c>.</c> and <c>~</c> alone, which are signed as they
/// are, and the query has at most one parameter.
/// </param>
internal sealed record AwsCall(string Service, string Region, Uri Url)
{
    /// <summary>The method.</summary>
    public HttpMethod Method { get; init; } = HttpMethod.Post;

    /// <summary>The media type of the body; null: the call has no body.</summary>
    public string? ContentType { get; init; }

    /// <summary>The body.</summary>
    public byte[] Body { get; init; } = [];

    /// <summary>Further headers, their names in small letters.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();
}
