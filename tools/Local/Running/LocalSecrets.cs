using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Relaybox.Local.Aws;

namespace Relaybox.Local.Running;

/// <summary>
/// The AWS Parameters and Secrets Lambda Extension on loopback: the functions read the secrets of this run as they read
/// real ones. See "Use Secrets Manager secrets in Lambda functions" in AWS's developer guide.
/// </summary>
internal sealed class LocalSecrets
{
    /// <summary>By which the extension knows the function; on AWS it is the role's session token.</summary>
    public const string SessionToken = "local-session";

    private readonly Dictionary<string, string> secrets = [];

    /// <summary>Keeps a secret.</summary>
    /// <returns>Its ARN.</returns>
    public string Add(string name, string text)
    {
        var arn = $"arn:aws:secretsmanager:{LocalAws.Region}:{LocalAws.AccountId}:secret:{name}-LoCaLx";
        secrets[arn] = text;
        return arn;
    }

    public void Map(IEndpointRouteBuilder routes) => routes.MapGet("/secretsmanager/get", (string secretId, HttpContext context) =>
        context.Request.Headers["X-Aws-Parameters-Secrets-Token"] != SessionToken
            ? Results.Text("an error occurred while attempting to parse the authentication token", statusCode: StatusCodes.Status401Unauthorized)
            : secrets.TryGetValue(secretId, out var text)
                ? Results.Text(new JsonObject { ["ARN"] = secretId, ["SecretString"] = text }.ToJsonString(), "application/json")
                : Results.Text("ResourceNotFoundException", statusCode: StatusCodes.Status400BadRequest));
}
