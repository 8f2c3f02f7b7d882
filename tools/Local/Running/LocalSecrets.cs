using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Relaybox.Local.Aws;
using Relaybox.Local.Permissions;
using Relaybox.Local.Stack;

namespace Relaybox.Local.Running;

/// <summary>
/// The AWS Parameters and Secrets Lambda Extension on loopback: the functions read the secrets of this run as they read
/// real ones. See "Use Secrets Manager secrets in Lambda functions" in AWS's developer guide.
/// </summary>
/// <param name="others">Secrets that others have made, by their ARNs.</param>
internal sealed class LocalSecrets(IReadOnlyDictionary<string, string> others)
{
    private const string SessionToken = "local-session-";

    /// <summary>By which the extension knows the function; on AWS it is the role's session token.</summary>
    public static string SessionTokenOf(FunctionDefinition function) => SessionToken + PermissionLog.AccessKeyOf(function);

    private readonly Dictionary<string, string> _secrets = new(others);

    /// <summary>Keeps a secret.</summary>
    /// <returns>Its ARN.</returns>
    public string Add(string name, string text)
    {
        var arn = $"arn:aws:secretsmanager:{LocalAws.Region}:{LocalAws.AccountId}:secret:{name}-LoCaLx";
        _secrets[arn] = text;
        return arn;
    }

    /// <param name="routes">Where it is served.</param>
    /// <param name="permissions">Who may read what; null: everybody everything.</param>
    public void Map(IEndpointRouteBuilder routes, Func<PermissionLog?> permissions) =>
        routes.MapGet("/secretsmanager/get", (string secretId, HttpContext context) =>
            context.Request.Headers["X-Aws-Parameters-Secrets-Token"].ToString() is not { } token
                || !token.StartsWith(SessionToken, StringComparison.Ordinal)
                ? Results.Text("an error occurred while attempting to parse the authentication token", statusCode: StatusCodes.Status401Unauthorized)
                : permissions()?.Judge(token[SessionToken.Length..], [new Permission("secretsmanager:GetSecretValue", secretId)]) is not null
                    ? Results.Text("AccessDeniedException", statusCode: StatusCodes.Status400BadRequest)
                    : _secrets.TryGetValue(secretId, out var text)
                        ? Results.Text(new JsonObject { ["ARN"] = secretId, ["SecretString"] = text }.ToJsonString(), "application/json")
                        : Results.Text("ResourceNotFoundException", statusCode: StatusCodes.Status400BadRequest));
}
