using System.IO.Enumeration;

namespace Relaybox.Local.Permissions;

/// <summary>One action on one resource: what a role allows, or what a call needs.</summary>
/// <param name="Action">Such as <c>dynamodb:Query</c>.</param>
/// <param name="Resource">An ARN, in a role with <c>*</c> for anything.</param>
public sealed record Permission(string Action, string Resource)
{
    /// <summary>Whether a role that allows this allows the call.</summary>
    /// <param name="call">What the call needs.</param>
    public bool Covers(Permission call)
    {
        ArgumentNullException.ThrowIfNull(call);
        return Action == call.Action && FileSystemName.MatchesSimpleExpression(Resource, call.Resource, ignoreCase: false);
    }

    /// <inheritdoc />
    public override string ToString() => $"{Action} on {Resource}";
}
