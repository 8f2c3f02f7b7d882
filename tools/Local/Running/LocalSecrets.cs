using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Relaybox.Local.Aws;
using Relaybox.Local.Permissions;

namespace Relaybox.Local.Running;

/// <summary>Secrets Manager on loopback: the functions read the secrets of this run as they read real ones, by GetSecretValue.</summary>
/// <param name="others">Secrets that others have made, by their ARNs.</param>
internal sealed partial class LocalSecrets(IReadOnlyDictionary<string, string> others)
{
    /// <summary>Where it is served.</summary>
    public const string Path = "/secretsmanager";

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
    public void Map(IEndpointRouteBuilder routes, Func<PermissionLog?> permissions) => routes.MapPost(Path, async (HttpContext context) =>
    {
        var body = await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
        var arn = (string?)body?["SecretId"] ?? "";
        var caller = Credential().Match(context.Request.Headers.Authorization.ToString()).Groups["key"].Value;
        return context.Request.Headers["X-Amz-Target"] != "secretsmanager.GetSecretValue" ? Refusal("InvalidAction")
            : caller.Length == 0 || context.Request.Headers["X-Amz-Security-Token"] != LocalAws.SessionToken
                ? Refusal("UnrecognizedClientException")
            : permissions()?.Judge(caller, [new Permission("secretsmanager:GetSecretValue", arn)]) is not null ? Refusal("AccessDeniedException")
            : _secrets.TryGetValue(arn, out var text) ? Answer(StatusCodes.Status200OK, ("ARN", arn), ("SecretString", text))
            : Refusal("ResourceNotFoundException");
    });

    private static IResult Refusal(string code) => Answer(StatusCodes.Status400BadRequest, ("__type", code));

    private static IResult Answer(int status, params ReadOnlySpan<(string Name, string Value)> fields)
    {
        var answer = new JsonObject();
        foreach (var (name, value) in fields)
        {
            answer[name] = value;
        }

        return Results.Text(answer.ToJsonString(), "application/x-amz-json-1.1", statusCode: status);
    }

    // Signatures are not checked; who calls is known by the access key.
    [GeneratedRegex(@"Credential=(?<key>\w+)/\d{8}/[a-z0-9-]+/secretsmanager/aws4_request")]
    private static partial Regex Credential();
}
