using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace Relaybox.Sql;

/// <summary>One SQL file of a store's schema.</summary>
/// <param name="Name">The file's name without its ending.</param>
/// <param name="Template">Its text, with placeholders in double braces.</param>
/// <param name="IsRepeatable">Whether it may be applied again with another text.</param>
internal sealed record SchemaFile(string Name, string Template, bool IsRepeatable)
{
    /// <summary>Tells whether the text that was applied is the text of this build.</summary>
    internal string Checksum { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Template)));

    /// <summary>The text with every placeholder filled in.</summary>
    /// <param name="fill">What stands for the text between a placeholder's braces.</param>
    internal string Render(Func<string, string> fill) => Render(Template, fill);

    /// <summary>A text with every placeholder filled in.</summary>
    /// <param name="template">The text.</param>
    /// <param name="fill">What stands for the text between a placeholder's braces.</param>
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

    /// <summary>Reads the files of a folder of an assembly, in the order of their names.</summary>
    /// <param name="assembly">The store's assembly.</param>
    /// <param name="folder">What the names of the embedded files begin with, such as <c>Relaybox.Postgres.Migrations</c>.</param>
    /// <param name="isRepeatable">Whether they may be applied again with another text.</param>
    internal static IEnumerable<SchemaFile> ReadAll(Assembly assembly, string folder, bool isRepeatable)
    {
        const string Ending = ".sql";
        return assembly.GetManifestResourceNames()
            .Where(resource => resource.StartsWith($"{folder}.", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(resource => new SchemaFile(resource[(folder.Length + 1)..^Ending.Length], Read(assembly, resource), isRepeatable));
    }

    /// <summary>Reads an embedded file.</summary>
    internal static string Read(Assembly assembly, string name)
    {
        using var stream = assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"This build holds no file '{name}'.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
