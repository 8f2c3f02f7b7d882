namespace Relaybox.Simulation.Engine;

/// <summary>The way to a service: requests and answers take time, get lost, and come late.</summary>
internal sealed class Wire(SimLoop loop, FaultPlan faults, Trace trace, Action afterStep)
{
    /// <summary>Calls a service.</summary>
    /// <typeparam name="T">The answer.</typeparam>
    /// <param name="caller">Who calls.</param>
    /// <param name="what">What is called, for the trace.</param>
    /// <param name="apply">What the service does, at once and whole. What it throws is its answer.</param>
    /// <param name="cancellationToken">Ends the caller's wait, and nothing else: a request that is out is out.</param>
    /// <param name="delivered">Is told when the answer has reached its caller.</param>
    internal Task<T> CallAsync<T>(
        SimProcess caller, string what, Func<T> apply, CancellationToken cancellationToken, Action<T>? delivered = null)
    {
        if (!loop.CheckThread() || caller.IsDead)
        {
            return new TaskCompletionSource<T>().Task;
        }

        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<T>(cancellationToken);
        }

        var answer = new TaskCompletionSource<T>();
        var registration = cancellationToken.UnsafeRegister(
            static (state, token) => ((TaskCompletionSource<T>)state!).TrySetCanceled(token), answer);
        var fault = faults.OfCall(loop.Elapsed, $"{caller.Name} {what}");
        if (fault == Fault.CrashBefore)
        {
            Crash(caller);
            return answer.Task;
        }

        loop.After(faults.Latency() + (fault == Fault.Delay ? faults.LongPause() : TimeSpan.Zero), Arrive);
        return answer.Task;

        void Arrive()
        {
            T result = default!;
            Exception? refusal = null;
            if (fault == Fault.FailBefore)
            {
                refusal = new HttpRequestException("lost on the way there");
            }
            else
            {
                trace.Add(loop.Elapsed, caller.Name, what);
                try
                {
                    result = apply();
                }
                catch (Exception e) when (e is not InvariantException)
                {
                    refusal = e;
                }

                afterStep();
            }

            if (fault == Fault.CrashAfter)
            {
                Crash(caller);
                return;
            }

            if (fault == Fault.ApplyThenFail)
            {
                refusal = new HttpRequestException("lost on the way back");
            }

            loop.After(faults.Latency() + (fault == Fault.SlowAnswer ? faults.LongPause() : TimeSpan.Zero), () => Answer(result, refusal));
        }

        void Answer(T result, Exception? refusal)
        {
            registration.Dispose();
            if (caller.IsDead)
            {
                return;
            }

            if (refusal is not null)
            {
                answer.TrySetException(refusal);
            }
            else if (!answer.Task.IsCompleted)
            {
                delivered?.Invoke(result);
                answer.TrySetResult(result);
            }
        }
    }

    internal void Crash(SimProcess process)
    {
        if (!process.IsDead)
        {
            trace.Add(loop.Elapsed, process.Name, "dies");
            process.Kill();
        }
    }
}
