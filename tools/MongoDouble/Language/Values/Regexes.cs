using System.Text.RegularExpressions;
using MongoDB.Bson;

namespace Relaybox.MongoDouble.Language.Values;

/// <summary>Regular expressions of filters and schemas, by .NET's engine: the plain ones that both dialects share.</summary>
internal static class Regexes
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    public static Regex Compile(string pattern, string options)
    {
        if (pattern.Contains('\0', StringComparison.Ordinal))
        {
            throw Errors.BadValue("Regular expression cannot contain an embedded null byte");
        }
        var flags = RegexOptions.CultureInvariant;
        foreach (var option in options)
        {
            flags |= option switch
            {
                'i' => RegexOptions.IgnoreCase,
                'm' => RegexOptions.Multiline,
                'x' => RegexOptions.IgnorePatternWhitespace,
                's' => RegexOptions.Singleline,
                'u' => RegexOptions.None,
                _ => throw Errors.Location(51108, $"invalid flag in regex options: {option}"),
            };
        }
        try
        {
            return new Regex(pattern, flags, Limit);
        }
        catch (ArgumentException e)
        {
            throw Errors.Location(51091, $"Regular expression is invalid: {e.Message}");
        }
    }

    public static Regex Compile(BsonRegularExpression regex) => Compile(regex.Pattern, regex.Options);
}
