namespace Relaybox.Cli.Connections;

/// <summary>Who types, as this machine names the person.</summary>
internal static class Caller
{
    internal static string Name => $"{Environment.UserName}@{Environment.MachineName}";
}
