using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace Relaybox.Postgres;

/// <summary>One numbered SQL file of this assembly.</summary>
/// <param name="Version">Its number.</param>
/// <param name="Name">The file's name without its ending.</param>
/// <param name="Template">Its text, with placeholders.</param>
internal sealed record Migration(int Version, string Name, string Template)
{
    private const string Prefix = "Relaybox.Postgres.Migrations.";
    private const string Ending = ".sql";

    /// <summary>All migrations of this build, in order.</summary>
    internal static IReadOnlyList<Migration> All { get; } = ReadAll();

    /// <summary>Tells whether the file that was applied is the file that this build has.</summary>
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
        using var stream = typeof(Migration).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"This build holds no file '{name}'.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }

    private static Migration[] ReadAll() =>
    [
        .. typeof(Migration).Assembly.GetManifestResourceNames()
            .Where(resource => resource.StartsWith(Prefix, StringComparison.Ordinal) && resource.EndsWith(Ending, StringComparison.Ordinal))
            .Select(resource =>
            {
                var name = resource[Prefix.Length..^Ending.Length];
                var version = int.Parse(name.AsSpan(0, name.IndexOf('_', StringComparison.Ordinal)), CultureInfo.InvariantCulture);
                return new Migration(version, name, ReadResource(resource));
            })
            .OrderBy(migration => migration.Version),
    ];
}
