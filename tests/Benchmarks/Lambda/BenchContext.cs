using Amazon.Lambda.Core;

namespace Relaybox.Benchmarks.Lambda;

/// <summary>An invocation that has a minute.</summary>
internal sealed class BenchContext : ILambdaContext
{
    public string AwsRequestId => "request";

    public IClientContext ClientContext => null!;

    public string FunctionName => "bench";

    public string FunctionVersion => "$LATEST";

    public ICognitoIdentity Identity => null!;

    public string InvokedFunctionArn => "arn:aws:lambda:us-east-1:000000000000:function:bench";

    public ILambdaLogger Logger => null!;

    public string LogGroupName => "/aws/lambda/bench";

    public string LogStreamName => "bench";

    public int MemoryLimitInMB => 512;

    public TimeSpan RemainingTime => TimeSpan.FromMinutes(1);
}
