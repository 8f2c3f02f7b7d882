using Relaybox.Cli.Output;

namespace Relaybox.Cli.Connections;

/// <summary>The variables that <c>./run up</c> writes for a shell: lines of <c>export NAME='value'</c>.</summary>
internal static class EnvironmentFile
{
    private const string Export = "export ";

    /// <summary>
    /// Sets the variables of a file for this process: they also hold for the libraries that read its environment, such as the AWS SDK.
    /// </summary>
    /// <exception cref="CliException">There is no such file.</exception>
    internal static void Apply(string path)
    {
        if (!File.Exists(path))
        {
            throw new CliException(ExitCodes.WrongUse, "--env-file: there is no such file.");
        }

        foreach (var (name, value) in Read(path))
        {
            Environment.SetEnvironmentVariable(name, value);
        }
    }

    /// <summary>Reads the variables of a file.</summary>
    internal static Dictionary<string, string> Read(string path)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in File.ReadLines(path).Where(line => line.StartsWith(Export, StringComparison.Ordinal)))
        {
            if (line[Export.Length..].Split('=', 2) is [var name, var value])
            {
                variables[name] = Unquote(value);
            }
        }

        return variables;
    }

    // As a shell reads it: what is between single quotes stands for itself, and a quote within is written '\''.
    private static string Unquote(string value) => value is ['\'', .. var quoted, '\'']
        ? quoted.Replace("'\\''", "'", StringComparison.Ordinal)
        : value;
}
