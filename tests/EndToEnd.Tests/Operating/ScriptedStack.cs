using Relaybox.Testing;

namespace Relaybox.EndToEnd.Tests.Operating;

/// <summary>How the command line is started for a stack whose Lambda is a scripted server.</summary>
internal static class ScriptedStack
{
    /// <summary>The program and its arguments, for a stack of the name prod where none is named.</summary>
    internal static string[] Command(params string[] arguments) =>
        ["dotnet", BuiltProgram.PathOf("Cli", "relaybox.dll"), .. arguments, .. arguments.Contains("--stack") ? [] : new[] { "--stack", "prod" }];

    /// <summary>The variables of a shell that has credentials and a region.</summary>
    /// <param name="lambda">Where Lambda is.</param>
    internal static Dictionary<string, string> Environment(string lambda) => new()
    {
        ["AWS_ENDPOINT_URL_LAMBDA"] = lambda,
        ["AWS_REGION"] = "eu-central-2",
        ["AWS_ACCESS_KEY_ID"] = "key",
        ["AWS_SECRET_ACCESS_KEY"] = "secret",
        ["AWS_EC2_METADATA_DISABLED"] = "true",
        ["AWS_CONFIG_FILE"] = "/nonexistent",
        ["AWS_SHARED_CREDENTIALS_FILE"] = "/nonexistent",
    };
}
