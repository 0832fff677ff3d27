"""A request and the session that it belongs to: found by a cookie, computed for beside the event loop."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, TypeVar

import torch
from fastapi import Depends, Request, Response

from gpicl.demo.learners import Predictor
from gpicl.demo.sessions import Session, Sessions

T = TypeVar("T")


class Service:
    """What all requests share.

    There are as many threads as cores, and each computes on one core. WHY: a context of a few dozen examples gains
    nothing from a second core, and threads of PyTorch's own that wait for one another are very slow where somebody else
    computes too. The server's own pool of forty threads would compete for the cores.

    Args:
        predictor: Predicts for all sessions.

    Attributes:
        sessions: All that are kept.
        threads: Where predictions are computed, so that the event loop stays free to answer everybody else.
    """

    def __init__(self, predictor: Predictor) -> None:
        self.predictor = predictor
        self.sessions = Sessions()
        self.threads = ThreadPoolExecutor(
            os.cpu_count() or 1, thread_name_prefix="gpicl-demo", initializer=torch.set_num_threads, initargs=(1,)
        )


class Visit:
    """A request of one visitor.

    Args:
        service: What all requests share.
        request: The request.
        response: Its answer, for the cookie.

    Attributes:
        session: The visitor's; a new one if there is none yet.
    """

    def __init__(self, service: Service, request: Request, response: Response) -> None:
        self.service = service
        self._response = response
        # Browsers send the cookies of one port to all others too, and two demos may run on one machine.
        _, port = request.scope.get("server") or ("", None)
        self._cookie = f"gpicl-demo-{port}"
        self._key = request.cookies.get(self._cookie)
        self.session = service.sessions.find(self._key) or Session(service.predictor)

    async def look(self, work: Callable[[], T]) -> T:
        """Compute something that changes nothing, when earlier requests of this visitor are done.

        Args:
            work: What to compute.
        """
        async with self.session.lock:
            return await asyncio.get_running_loop().run_in_executor(self.service.threads, work)

    async def change(self, work: Callable[[], T]) -> T:
        """Compute something that changes the session, and keep the session if it did.

        WHY not before: requests that only look, as any number of strangers' may, then push out nobody's session.

        Args:
            work: What to compute.
        """
        result = await self.look(work)
        sessions = self.service.sessions
        if sessions.find(self._key) is not self.session:
            self._key = sessions.keep(self.session)
            self._response.set_cookie(self._cookie, self._key, httponly=True, samesite="strict")
        return result


def _visit(request: Request, response: Response) -> Visit:
    return Visit(request.app.state.service, request, response)


ThisVisit = Annotated[Visit, Depends(_visit)]
