using System.Globalization;
using MongoDB.Bson;
using MongoDB.Bson.IO;
using MongoDB.Bson.Serialization;

namespace Relaybox.MongoDouble.Tests.Language.Cases;

/// <summary>
/// A documented behaviour of the server as data, in the shell's notation: so that it can be asked of the double's language, of the double over
/// the wire, and of a real server alike.
/// </summary>
/// <param name="Input">Documents in an array, one document, or what the table of the case says.</param>
/// <param name="Program">The filter, update, projection, pipeline, expression or validator.</param>
/// <param name="Expected">What comes out, to the type; or <c>error</c> with the code that refuses.</param>
public sealed record LanguageCase(string Name, string Input, string Program, string Expected)
{
    private static readonly JsonWriterSettings Canonical = new() { OutputMode = JsonOutputMode.CanonicalExtendedJson };

    /// <summary>The code of the expected error, or null.</summary>
    public int? Error => Expected.StartsWith("error ", StringComparison.Ordinal)
        ? int.Parse(Expected["error ".Length..], CultureInfo.InvariantCulture)
        : null;

    public static BsonValue Read(string text) => BsonSerializer.Deserialize<BsonDocument>($"{{ v: {text} }}")["v"];

    /// <summary>A value as text that tells types apart.</summary>
    public static string Show(BsonValue? value) => value is null ? "missing" : new BsonDocument("v", value).ToJson(Canonical);

    public static TheoryData<string> Names(IEnumerable<LanguageCase> cases) => new(cases.Select(example => example.Name));
}
