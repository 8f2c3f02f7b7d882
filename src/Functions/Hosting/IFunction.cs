using Amazon.Lambda.Core;

namespace Relaybox.Functions.Hosting;

/// <summary>A Lambda function, made once for a process.</summary>
/// <typeparam name="TInput">The event that starts it.</typeparam>
/// <typeparam name="TOutput">What it answers.</typeparam>
internal interface IFunction<TInput, TOutput>
{
    /// <summary>Handles one invocation.</summary>
    Task<TOutput> HandleAsync(TInput input, ILambdaContext context);
}
