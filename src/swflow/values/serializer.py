"""A form of one's own for values, in place of JSON by their type hints."""

from typing import Any, Protocol


class Serializer(Protocol):
    """Writes and reads the values of a type of activity, workflow or signal: each by itself.

    A payload stays JSON, with every value in it marked by the serializer's name, so that tools
    that do not know the type can show it, and a reader that expects another form can say so.
    Formats of bytes, such as pickle or msgpack, go into it as base64:

        class Pickle:
            name = "pickle"

            def dump(self, value: Any, hint: Any) -> str:
                return base64.b64encode(pickle.dumps(value)).decode()

            def load(self, data: Any, hint: Any) -> Any:
                return pickle.loads(base64.b64decode(data))

        @activity("Blur", version="1", task_list="pictures", serializer=Pickle())
        def blur(picture: np.ndarray) -> np.ndarray: ...

    (Whoever can start an execution can have a reader of pickle do anything: it is for domains
    that nobody else writes to.) Values are checked against their hints before they are written
    and after they are read; a class that pydantic does not know by `isinstance`. What travelled
    as plain JSON is read as JSON, so a type can be given a serializer while executions are open.

    A replay writes its values again: of the same value the same has to come, or the values read
    have to be equal by `==`.
    """

    @property
    def name(self) -> str:
        """What its values are marked with; for as long as there are histories with them."""

    def dump(self, value: Any, hint: Any) -> Any:
        """What travels in place of a value: anything that JSON can hold.

        Args:
            value: is of the type that the hint says.
            hint: the type hint of the parameter or the result.
        """

    def load(self, data: Any, hint: Any) -> Any:
        """The value again, from what `dump` gave."""
