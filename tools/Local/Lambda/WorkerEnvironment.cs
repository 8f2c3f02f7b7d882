using System.Collections;
using System.Globalization;
using Relaybox.Local.Aws;
using Relaybox.Local.Running;
using Relaybox.Local.Stack;

namespace Relaybox.Local.Lambda;

/// <summary>
/// The environment of a worker: what Lambda sets, the endpoints of the emulators, the template's variables, and
/// of this machine's own only what a process needs to run. No credentials and no profile leak in.
/// </summary>
internal static class WorkerEnvironment
{
    private static readonly string[] Inherited = ["PATH", "HOME", "TMPDIR", "LANG", "LC_ALL"];

    public static Dictionary<string, string> Create(
        FunctionDefinition function, string runtimeApi, string worker, int port, IReadOnlyDictionary<string, Uri> endpoints,
        IReadOnlyDictionary<string, string> overrides, string accessKeyId = LocalAws.AccessKeyId)
    {
        var environment = new Dictionary<string, string>();
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            var name = (string)variable.Key;
            if (Inherited.Contains(name) || name.StartsWith("DOTNET_", StringComparison.Ordinal))
            {
                environment[name] = (string?)variable.Value ?? "";
            }
        }

        foreach (var (name, value) in function.Environment)
        {
            environment[name] = value;
        }

        foreach (var (name, value) in overrides)
        {
            environment[name] = value;
        }

        environment["AWS_LAMBDA_RUNTIME_API"] = runtimeApi;
        environment["AWS_LAMBDA_FUNCTION_NAME"] = function.Name;
        environment["AWS_LAMBDA_FUNCTION_VERSION"] = "$LATEST";
        environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] = function.MemorySize.ToString(CultureInfo.InvariantCulture);
        environment["AWS_LAMBDA_INITIALIZATION_TYPE"] = "on-demand";
        environment["AWS_LAMBDA_LOG_GROUP_NAME"] = $"/aws/lambda/{function.Name}";
        environment["AWS_LAMBDA_LOG_STREAM_NAME"] = $"local/[$LATEST]{worker}";
        environment["TZ"] = ":UTC";
        environment["_HANDLER"] = function.Handler;
        foreach (var (name, value) in Aws(endpoints))
        {
            environment[name] = value;
        }

        environment["AWS_ACCESS_KEY_ID"] = accessKeyId;
        environment["AWS_SESSION_TOKEN"] = LocalAws.SessionToken;
        environment["AWS_ENDPOINT_URL_SECRETS_MANAGER"] = $"http://127.0.0.1:{port}{LocalSecrets.Path}";
        return environment;
    }

    /// <summary>What any SDK or the AWS CLI needs to reach the emulators.</summary>
    /// <param name="endpoints">Where the services are, by the names that <c>AWS_ENDPOINT_URL_</c> ends with.</param>
    public static IReadOnlyDictionary<string, string> Aws(IReadOnlyDictionary<string, Uri> endpoints)
    {
        var environment = new Dictionary<string, string>
        {
            ["AWS_REGION"] = LocalAws.Region,
            ["AWS_DEFAULT_REGION"] = LocalAws.Region,
            ["AWS_ACCESS_KEY_ID"] = LocalAws.AccessKeyId,
            ["AWS_SECRET_ACCESS_KEY"] = LocalAws.SecretAccessKey,
        };
        foreach (var (service, endpoint) in endpoints)
        {
            environment[$"AWS_ENDPOINT_URL_{service}"] = endpoint.ToString().TrimEnd('/');
        }

        return environment;
    }
}
