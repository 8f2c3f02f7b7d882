using Amazon.Lambda.Core;
using Relaybox.Timing;

namespace Relaybox.Functions.Hosting;

/// <summary>One invocation: its deadline, and its id on every log line.</summary>
internal static class Invocation
{
    // What is left for the answer to reach the Runtime API.
    private static readonly TimeSpan AnswerMargin = TimeSpan.FromMilliseconds(500);

    /// <summary>Begins an invocation.</summary>
    /// <returns>The moment by which the work must have ended. A remaining time of zero or less is a deadline that is over.</returns>
    internal static WorkDeadline Begin(ILambdaContext context, TimeProvider time)
    {
        JsonLoggerProvider.BeginInvocation(context.AwsRequestId);
        return WorkDeadline.After(context.RemainingTime - AnswerMargin, time);
    }
}
