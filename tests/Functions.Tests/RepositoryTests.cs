using System.Globalization;
using System.Text.RegularExpressions;
using Relaybox.Testing;

namespace Relaybox.Functions.Tests;

/// <summary>What holds for every source file, and what no analyzer checks.</summary>
public partial class RepositoryTests
{
    private static readonly string[] Folders = ["src", "tools", "tests", "examples"];
    private static readonly string[] Generated = ["artifacts", "bin", "obj", "node_modules"];

    [Fact]
    public void No_line_is_longer_than_the_editor_config_allows()
    {
        var limit = int.Parse(
            MaxLineLength().Match(File.ReadAllText(RepositoryRoot.Combine(".editorconfig"))).Groups["limit"].Value, CultureInfo.InvariantCulture);
        var sources = Folders.SelectMany(Sources).ToList();
        Assert.NotEmpty(sources);

        string[] tooLong =
        [
            .. from source in sources
               from line in File.ReadLines(RepositoryRoot.Combine(source)).Index()
               where line.Item.Length > limit
               select $"{source}:{line.Index + 1}: {line.Item.Length} characters",
        ];
        Assert.True(tooLong.Length == 0, $"Longer than {limit} characters:\n{string.Join('\n', tooLong)}");
    }

    private static IEnumerable<string> Sources(string folder) =>
        Directory.EnumerateFiles(RepositoryRoot.Combine(folder), "*.cs", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(RepositoryRoot.Path, file))
            .Where(file => !file.EndsWith(".g.cs", StringComparison.Ordinal) && !file.Split(Path.DirectorySeparatorChar).Any(Generated.Contains));

    [GeneratedRegex(@"^max_line_length = (?<limit>\d+)$", RegexOptions.Multiline)]
    private static partial Regex MaxLineLength();
}
