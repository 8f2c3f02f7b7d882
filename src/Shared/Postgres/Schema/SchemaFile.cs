using System.Security.Cryptography;
using System.Text;

namespace Relaybox.Postgres;

/// <summary>One SQL file of the schema; see README.md beside this file.</summary>
/// <param name="Name">The file's name without its ending.</param>
/// <param name="Template">Its text, with placeholders.</param>
/// <param name="IsFunction">Whether it may be applied again with another text.</param>
internal sealed record SchemaFile(string Name, string Template, bool IsFunction)
{
    /// <summary>Every file of this build in the order in which they are applied: functions first, because triggers name them.</summary>
    internal static IReadOnlyList<SchemaFile> All { get; } = [.. ReadAll("Functions", isFunction: true), .. ReadAll("Migrations", isFunction: false)];

    /// <summary>Tells whether the text that was applied is the text of this build.</summary>
    internal string Checksum { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Template)));

    /// <summary>The text with every placeholder filled in.</summary>
    internal string Render(PostgresNames names) => Render(Template, names.Fill);

    internal static string Render(string template, Func<string, string> fill)
    {
        var sql = new StringBuilder(template.Length);
        var at = 0;
        while (template.IndexOf("{{", at, StringComparison.Ordinal) is var open and >= 0)
        {
            var close = template.IndexOf("}}", open, StringComparison.Ordinal);
            sql.Append(template, at, open - at).Append(fill(template[(open + 2)..close]));
            at = close + 2;
        }

        return sql.Append(template, at, template.Length - at).ToString();
    }

    internal static string ReadResource(string name)
    {
        using var stream = typeof(SchemaFile).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"This build holds no file '{name}'.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }

    private static IEnumerable<SchemaFile> ReadAll(string folder, bool isFunction)
    {
        const string Ending = ".sql";
        var prefix = $"Relaybox.Postgres.{folder}.";
        return typeof(SchemaFile).Assembly.GetManifestResourceNames()
            .Where(resource => resource.StartsWith(prefix, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(resource => new SchemaFile(resource[prefix.Length..^Ending.Length], ReadResource(resource), isFunction));
    }
}
