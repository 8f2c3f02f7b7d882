namespace Relaybox.Local.Lambda;

/// <summary>A function as event sources see it.</summary>
internal interface IFunctionInvoker
{
    string FunctionArn { get; }

    /// <summary>Runs the function once and waits for its end; an error of the function is a result, not an exception.</summary>
    /// <exception cref="OperationCanceledException">The runner stops.</exception>
    Task<InvocationResult> InvokeAsync(ReadOnlyMemory<byte> payload, CancellationToken cancellationToken);
}
