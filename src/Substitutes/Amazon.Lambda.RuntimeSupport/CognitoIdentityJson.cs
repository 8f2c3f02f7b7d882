using System.Text.Json;
using Amazon.Lambda.Core;

namespace Amazon.Lambda.RuntimeSupport;

/// <summary>The Cognito identity header; without one both ids are null.</summary>
internal sealed class CognitoIdentityJson : ICognitoIdentity
{
    public string IdentityId { get; private init; }

    public string IdentityPoolId { get; private init; }

    public static CognitoIdentityJson Read(string json)
    {
        if (string.IsNullOrWhiteSpace(json))
        {
            return new CognitoIdentityJson();
        }

        using var document = JsonDocument.Parse(json);
        return new CognitoIdentityJson
        {
            IdentityId = Text(document.RootElement, "cognitoIdentityId"),
            IdentityPoolId = Text(document.RootElement, "cognitoIdentityPoolId"),
        };
    }

    private static string Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) ? value.GetString() : null;
}
