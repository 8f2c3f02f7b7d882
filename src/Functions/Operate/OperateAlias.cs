using Relaybox.Operations;

namespace Relaybox.Functions.Operate;

/// <summary>
/// The aliases of the function, each of which is granted by its ARN: IAM cannot look into a request, so that the function looks at the
/// alias by which it was invoked.
/// </summary>
internal static class OperateAlias
{
    /// <summary>Sees everything but payloads and values of headers.</summary>
    internal const string Read = "read";

    /// <summary>Reads, and begins, runs and cancels operations.</summary>
    internal const string Act = "act";

    /// <summary>Reads, payloads and values of headers too.</summary>
    internal const string Payload = "payload";

    /// <summary>The alias that a request needs.</summary>
    internal static string For(OperateRequest request) => request switch
    {
        { Command: OperateCommand.Show, WithPayload: true } => Payload,
        {
            Command: OperateCommand.Status or OperateCommand.List or OperateCommand.Show or OperateCommand.Why or OperateCommand.Preview
                or OperateCommand.Operations or OperateCommand.Doctor
        } => Read,
        _ => Act,
    };

    /// <summary>The alias, or version, by which a function was invoked; null: it was invoked by its name alone.</summary>
    /// <param name="invokedArn">arn:partition:lambda:region:account:function:name, or with :alias behind it.</param>
    internal static string? Of(string? invokedArn) => invokedArn?.Split(':') is [_, _, _, _, _, _, _, var qualifier, ..] ? qualifier : null;

    /// <summary>Why a request is refused.</summary>
    /// <param name="invokedBy">The alias or version by which the function was invoked; null: neither.</param>
    /// <param name="request">What is asked for.</param>
    /// <returns>A sentence, or null.</returns>
    internal static string? WhyRefused(string? invokedBy, OperateRequest request)
    {
        var needed = For(request);

        // Only the schedule has the right to invoke the function by its name alone.
        var isAllowed = needed == Read || needed == invokedBy || (invokedBy is null && request.Command == OperateCommand.Continue);
        var used = invokedBy is null ? "its name alone" : $"'{invokedBy}'";
        return isAllowed ? null : $"Invoke the function by its alias '{needed}' for this: {used} does not allow it.";
    }
}
