using Relaybox.Testing;

namespace Relaybox.EndToEnd.Tests.Operating;

/// <summary>How the command line is started for a stack that a scripted server stands for, with Lambda and EventBridge Scheduler.</summary>
internal static class ScriptedStack
{
    /// <summary>The program and its arguments, for a stack of the name prod where none is named.</summary>
    internal static string[] Command(params string[] arguments) =>
        ["dotnet", BuiltProgram.PathOf("Cli", "relaybox.dll"), .. arguments, .. arguments.Contains("--stack") ? [] : new[] { "--stack", "prod" }];

    /// <summary>The variables of a shell that has credentials and a region.</summary>
    /// <param name="server">Where the services are.</param>
    internal static Dictionary<string, string> Environment(string server) => new()
    {
        ["AWS_ENDPOINT_URL_LAMBDA"] = server,
        ["AWS_ENDPOINT_URL_SCHEDULER"] = server,
        ["AWS_REGION"] = "eu-central-2",
        ["AWS_ACCESS_KEY_ID"] = "key",
        ["AWS_SECRET_ACCESS_KEY"] = "secret",
        ["AWS_EC2_METADATA_DISABLED"] = "true",
        ["AWS_CONFIG_FILE"] = "/nonexistent",
        ["AWS_SHARED_CREDENTIALS_FILE"] = "/nonexistent",
    };
}
