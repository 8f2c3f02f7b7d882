using Xunit;

namespace Relaybox.Testing;

/// <summary>
/// What a test has counted, for people: in the test's own output, and at the end of <c>./run test</c>, which names a file in
/// <c>RELAYBOX_FIGURES</c>.
/// </summary>
public static class Figures
{
    private static readonly Lock Writing = new();

    /// <summary>Prints one line.</summary>
    public static void Print(string line)
    {
        TestContext.Current.TestOutputHelper?.WriteLine(line);
        if (Environment.GetEnvironmentVariable("RELAYBOX_FIGURES") is { Length: > 0 } file)
        {
            lock (Writing)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
                File.AppendAllText(file, line + Environment.NewLine);
            }
        }
    }
}
