namespace Relaybox.Cli;

/// <summary>Why a command cannot be carried out, in a sentence for the person who typed it.</summary>
/// <param name="exitCode">One of <see cref="Output.ExitCodes"/>.</param>
/// <param name="message">The sentence. It holds nothing that could be secret.</param>
/// <param name="inner">What went wrong.</param>
internal sealed class CliException(int exitCode, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>With what the process ends.</summary>
    public int ExitCode { get; } = exitCode;
}
