namespace Relaybox.Cli.Output;

/// <summary>With what the process ends. Scripts rely on the numbers.</summary>
internal static class ExitCodes
{
    /// <summary>Done.</summary>
    internal const int Done = 0;

    /// <summary>Nothing matched, an operation stopped before its end, or a check failed.</summary>
    internal const int Nothing = 1;

    /// <summary>The command was used in a wrong way.</summary>
    internal const int WrongUse = 2;

    /// <summary>The store or the stack cannot be reached, or refuses the user.</summary>
    internal const int OutOfReach = 3;

    /// <summary>Ended by Ctrl-C.</summary>
    internal const int Interrupted = 130;
}
